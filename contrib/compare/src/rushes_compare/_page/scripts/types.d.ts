// The types of the page's data. The first part mirrors the structs of `results.py` as `writing.py`
// puts them into the page; a test compares the two. The second part is what the scripts add.

export type State =
  | "planned"
  | "cannot"
  | "recorded"
  | "sending"
  | "refused"
  | "unknown"
  | "lost"
  | "queued"
  | "in_progress"
  | "completed"
  | "failed"
  | "cancelled"
  | "expired";

export interface CheckFinding {
  path: string;
  code: string;
  message: string;
  accepted: unknown[] | null;
  source: string | null;
}

export interface Failure {
  kind: string;
  message: string;
  reason: string | null;
}

/** Seconds, null if unknown. */
export interface Timing {
  accepting: number | null;
  queued: number | null;
  rendering: number | null;
  waiting: number | null;
  downloading: number | null;
}

export interface Stretch {
  start: number;
  end: number;
}

export interface Measures {
  motion: number | null;
  steadiness: number | null;
  sharpness: number | null;
  sharpness_drift: number | null;
  exposure_drift: number | null;
  colour_drift: number | null;
  repeated_frames: number | null;
  last_frame: number | null;
  loop: number | null;
  cut_offset: number | null;
  sound_duration: number | null;
  silence: number | null;
  clipping: number | null;
  repeatability: number | null;
}

export interface Bounds {
  min: number | null;
  max: number | null;
}

export interface Video {
  file: string;
  bytes: number;
  container: string;
  video_codec: string;
  audio_codec: string | null;
  width: number;
  height: number;
  /** Null if Python's number is not finite, as `duration` and `created_at`. */
  frame_rate: number | null;
  duration: number | null;
  bit_rate: number;
  silent: boolean | null;
  loudness: number | null;
  black: Stretch[];
  frozen: Stretch[];
  cuts: number[];
  first_frame: number | null;
  measures: Measures;
  poster: string | null;
  damage: string[];
  notes: string[];
}

export interface Promise {
  name: string;
  asked: string;
  delivered: string;
  /** Null if unknown. */
  kept: boolean | null;
}

/** A payload as a tree of JSON texts; see `_tree` in `writing.py`. */
export type Tree = string | { names: [string, Tree][] } | { items: Tree[] };

/** As in `results.py`, with `sent` in place of `payload` and `differs`, and with its `pool`. */
export interface Cell {
  id: string;
  row: number;
  variant: string;
  repeat: number;
  attempt: number;
  state: State;
  problems: CheckFinding[];
  notes: CheckFinding[];
  transport: string[];
  settings: Settings;
  estimate: number | null;
  billed: number | null;
  task: string | null;
  remote_id: string | null;
  progress: number | null;
  timing: Timing;
  failure: Failure | null;
  video: Video | null;
  promises: Promise[];
  sent: Tree | null;
  pool: string;
}

export interface Row {
  name: string;
  request: Record<string, unknown>;
}

export interface Results {
  schema: number;
  id: string;
  created_at: number | null;
  rows: Row[];
  variants: string[];
  repeats: number;
  local: string[];
  prices: Record<string, string>;
  columns: string[];
  bounds: Record<string, Bounds>;
  cells: Cell[];
  ratings: Ratings | null;
}

/** Null for what only the provider knows. */
export interface Settings {
  duration: number | null;
  aspect_ratio: string | null;
  resolution: string | null;
  audio: boolean | null;
  seed: number | null;
}

export interface Standing {
  variant: string;
  rating: number;
  low: number;
  high: number;
  wins: number;
  losses: number;
  ties: number;
  both_bad: number;
  best_of_row: number;
  even_with: string[];
}

export interface PoolRatings {
  input: string;
  sound: boolean;
  voters: number;
  pairs: number;
  standings: Standing[];
  resampled: "people" | "rows" | "pairs";
  agreement: number | null;
  left: number | null;
  left_low: number;
  left_high: number;
  said: string[];
}

export interface Ratings {
  voters: number;
  pairs: number;
  resamples: number;
  seed: number;
  pools: PoolRatings[];
}

/** What the page's data script holds. */
export interface PageData extends Results {
  title: string;
  /** The names of the pools in `ratings`. */
  pool_titles: string[];
  /** For each cell, the number in each column. */
  numbers: Record<string, number | null>[];
  all_columns: Column[];
  /** By pool, those of each variant that was asked for something in it. */
  figures: Record<string, Figures[]>;
  figure_columns: FigureColumn[];
  /** A few lines of plain text. */
  summary: string[];
  /** Whether a file's name gives its variant away, so that no row can be blind. */
  revealing: boolean;
  folder: string;
  under_way: boolean;
  /** Seconds since 1970. */
  written_at: number;
}

/** A number that each cell has; `meaning` is a sentence on what it does and does not mean. */
export interface Column {
  name: string;
  label: string;
  unit: string;
  meaning: string;
}

/** What a variant's cells in a pool add up to; see `figures.py`. */
export interface Figures {
  variant: string;
  made: number;
  reasons: [string, number][];
  usd_per_second: number | null;
  time_p50: number | null;
  time_p95: number | null;
  failure_rate: number | null;
  refusal_rate: number | null;
}

export interface FigureColumn extends Column {
  name: Exclude<keyof Figures, "variant" | "reasons">;
}

export type Kind = "video" | "cannot" | "failed" | "unfinished";

/** A cell with what the page derives from it. */
export interface ShownCell extends Cell {
  /** Its index in `cells`. */
  number: number;
  kind: Kind;
  /** How many promises were broken. */
  broken: number;
  /** USD, billed or estimated. */
  cost: number | null;
  /** Seconds, all phases together. */
  time: number | null;
}

/** A place in the table: all takes of one variant for one row. */
export interface Slot {
  row: number;
  variant: string;
  takes: ShownCell[];
}

/** The addresses of a cell's files. */
export interface Files {
  video: string;
  poster: string | null;
}

/** `variant` is null for "none of them". */
export interface Vote {
  variant: string | null;
  blind: boolean;
}

export type Choice = "left" | "right" | "tie" | "both_bad";

/** What was chosen between two cells, by their ids; `at` is in seconds since 1970. */
export interface PairVote {
  row: number;
  left: string;
  right: string;
  choice: Choice;
  at: number;
}

/** Two cells to be judged, on the sides that were drawn for them. */
export interface Pair {
  left: ShownCell;
  right: ShownCell;
}

export type Theme = "" | "light" | "dark";

/** One line of a payload; `mark` says how it differs, `was` what the other payload has there. */
export interface Line {
  text: string;
  mark: Mark;
  was: string;
}

export type Mark = "" | "changed" | "only here" | "only there";

/** What `make` takes as an element's content; null, undefined and booleans add nothing. */
export type Child = string | number | boolean | null | undefined | Node | Child[];

/** A function listens to the event that follows "on"; null, undefined and false set nothing. */
export type Attributes = Record<
  string,
  string | number | boolean | null | undefined | ((event: Event) => void)
>;
