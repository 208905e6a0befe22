"""The rules across fields on APIMart's page: prompts, shots, subjects, frames."""

from rushes.vocabulary import (
    adds_up,
    all_of,
    cited,
    counts_from_one,
    equals,
    image_may_set_ratio,
    needs,
    not_together,
    required,
)

CUSTOMIZE = all_of("multi_shot", equals("shot_type", "customize"))
INTELLIGENCE = all_of("multi_shot", equals("shot_type", "intelligence"))

RULES = (
    required("prompt", unless="multi_shot", name="prompt_unless_multi_shot"),
    required("shot_type", when="multi_shot", name="multi_shot_needs_type"),
    # Without multi_shot, the gateway would silently ignore both.
    needs(("shot_type", "multi_prompt"), "multi_shot", name="shots_need_multi_shot"),
    required("multi_prompt", when=CUSTOMIZE, name="customize_needs_shots"),
    required("prompt", when=INTELLIGENCE, name="intelligence_needs_prompt"),  # Kling's own rule
    not_together("multi_prompt", INTELLIGENCE, name="intelligence_takes_no_shots"),
    counts_from_one("multi_prompt[].index", name="indexes_count_from_one"),
    adds_up(
        "multi_prompt[].duration",
        to="duration",
        when="multi_shot",
        name="shots_fill_the_duration",
    ),
    cited(
        "element_list[].name",
        "@{}",
        within=("prompt", "multi_prompt[].prompt"),
        says="A subject should be cited as @name in the prompt or in a shot.",
        name="subjects_are_cited",
    ),
    image_may_set_ratio("aspect_ratio", "image_urls"),
)
