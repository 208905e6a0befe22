"""The sound of a video: a slow arpeggio over two low tones, different for every prompt."""

from collections.abc import Iterator
from fractions import Fraction

import av
import av.filter

from rushes_sandbox._rendering.palette import seeded_random

SAMPLE_RATE = 48_000

#: A major scale without the two notes that can clash: any order of these sounds well.
PENTATONIC = (0, 2, 4, 7, 9)


def tones(prompt: str, seconds: float, volume: float = 1.0) -> Iterator[av.AudioFrame]:
    """Yield the sound as stereo frames of 1024 samples, at 48 kHz; volume 0 is silence."""
    graph = av.filter.Graph()
    graph.threads = 1
    source = graph.add("aevalsrc", _expression(prompt, seconds))
    echo = graph.add("aecho", "0.9:0.6:330|490:0.28|0.18")
    fades = f"afade=t=in:d=0.4,afade=t=out:st={max(0.0, seconds - 0.9)}:d=0.9".split(",")
    shaped = [graph.add(*fade.split("=", 1)) for fade in fades]
    # The echo rings on, but the sound must end with the picture.
    trim = graph.add("atrim", f"end={seconds}")
    loud = graph.add("volume", str(volume))
    level = graph.add("aformat", "sample_fmts=fltp:channel_layouts=stereo")
    chop = graph.add("asetnsamples", "n=1024:p=0")
    graph.link_nodes(source, echo, *shaped, trim, loud, level, chop, graph.add("abuffersink"))
    graph.configure()
    position = 0
    while True:
        try:
            frame = graph.pull()
        except (av.BlockingIOError, av.EOFError):
            return
        if isinstance(frame, av.AudioFrame):
            frame.pts, frame.time_base = position, Fraction(1, SAMPLE_RATE)
            position += frame.samples
            yield frame


def _expression(prompt: str, seconds: float) -> str:
    """Write the sound as an expression of the time, evaluated for each sample in C."""
    roll = seeded_random("score", prompt)
    root = 110.0 * 2 ** (roll.randrange(12) / 12)
    beat = roll.choice((0.3, 0.36, 0.42))
    steps = [PENTATONIC[roll.randrange(5)] + 12 * roll.choice((1, 1, 2)) for _ in range(8)]
    steps[0] = 12
    pitch = str(root * 2 ** (steps[-1] / 12))
    for place in range(6, -1, -1):
        pitch = f"if(eq(ld(1),{place}),{root * 2 ** (steps[place] / 12):.4f},{pitch})"
    # Registers: 0 the time within a note, 1 which of the eight notes, 2 its angle, 3 its loudness.
    note = (
        f"st(0,mod(t,{beat}));st(1,mod(floor(t/{beat}),8));st(2,2*PI*{pitch}*ld(0));"
        "st(3,exp(-5*ld(0))*min(1,ld(0)*160));"
        "0.24*ld(3)*(sin(ld(2))+0.35*sin(2*ld(2))+0.12*sin(3*ld(2)))"
    )
    low = "+".join(
        f"0.09*sin(2*PI*{root * ratio:.4f}*t)*(0.75+0.25*sin({wave}*t))"
        for ratio, wave in ((0.5, 0.7), (0.75, 0.9), (1.0, 0.5))
    )
    return f"exprs='{note}+{low}':s={SAMPLE_RATE}:d={seconds}"
