"""The rules across fields on APIMart's page: prompts, shots, subjects, frames."""

from rushes.vocabulary import (
    adds_up,
    all_of,
    cited,
    counts_from_one,
    equals,
    needs,
    not_together,
    remark,
    required,
)

CUSTOMIZE = all_of("multi_shot", equals("shot_type", "customize"))
INTELLIGENCE = all_of("multi_shot", equals("shot_type", "intelligence"))

RULES = (
    required(
        "prompt",
        unless="multi_shot",
        says="prompt is required, unless multi_shot is true.",
        name="prompt_unless_multi_shot",
    ),
    required(
        "shot_type",
        when="multi_shot",
        says="multi_shot needs a shot_type.",
        name="multi_shot_needs_type",
    ),
    # Without multi_shot, the gateway would silently ignore both.
    needs(
        ("shot_type", "multi_prompt"),
        "multi_shot",
        says="shot_type and multi_prompt are accepted only with multi_shot true.",
        name="shots_need_multi_shot",
    ),
    required(
        "multi_prompt",
        when=CUSTOMIZE,
        says="shot_type customize needs multi_prompt: 1 to 6 shots.",
        name="customize_needs_shots",
    ),
    required(
        "prompt",
        when=INTELLIGENCE,
        says="shot_type intelligence needs a prompt.",  # Kling's own rule
        name="intelligence_needs_prompt",
    ),
    not_together(
        "multi_prompt",
        INTELLIGENCE,
        says="shot_type intelligence does not accept multi_prompt.",
        name="intelligence_takes_no_shots",
    ),
    counts_from_one(
        "multi_prompt[].index",
        says="index must count the shots: 1, 2, 3…",
        name="indexes_count_from_one",
    ),
    adds_up(
        "multi_prompt[].duration",
        to="duration",
        when="multi_shot",
        says="The shot durations must add up to duration.",
        name="shots_fill_the_duration",
    ),
    cited(
        "element_list[].name",
        "@{}",
        within=("prompt", "multi_prompt[].prompt"),
        says="A subject should be cited as @name in the prompt or in a shot.",
        name="subjects_are_cited",
    ),
    remark(
        "aspect_ratio",
        "with an image, the ratio of the video may be the image's own",
        when="image_urls",
        says="aspect_ratio may be overridden by the ratio of an input image.",
        name="image_may_set_the_ratio",
    ),
)
