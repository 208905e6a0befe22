"""The rules across fields on UniAll's pages: prompts, frames, shots."""

from rushes import Source
from rushes.vocabulary import needs, not_together, remark, required

PAGE = Source("UniAll, Create Video Task", "https://docs.uniall.ai/models/video/kling/create-task")
OVERVIEW = Source("UniAll, Kling Video Generation", "https://docs.uniall.ai/models/video/kling")

SHOTS, SUBJECTS = "extra_body.multi_prompt", "extra_body.element_list"

RULES = (
    required(
        "prompt",
        unless=SHOTS,
        says="prompt is required, unless extra_body.multi_prompt is given.",
        name="prompt_or_shots",
        source=OVERVIEW,
    ),
    not_together(
        "prompt",
        SHOTS,
        says="prompt and extra_body.multi_prompt must not be given together.",
        name="prompt_not_with_shots",
        source=OVERVIEW,
    ),
    needs(
        SHOTS,
        "image",
        says="extra_body.multi_prompt needs an image: it is for image-to-video only.",
        name="shots_need_image",
        source=PAGE,
    ),
    needs(
        "last_image",
        "image",
        says="last_image needs image.",
        name="last_image_needs_image",
        source=OVERVIEW,
    ),
    remark(
        "aspect_ratio",
        "with an image, the ratio of the video may be the image's own",
        when="image",
        says="aspect_ratio is not guaranteed with an image.",
        name="image_may_set_the_ratio",
        source=PAGE,
    ),
    remark(
        SUBJECTS,
        "the page does not describe the structure of an element; it is passed on unchecked",
        when=SUBJECTS,
        says="extra_body.element_list is passed on unchanged.",
        name="subjects_pass_unchecked",
        source=OVERVIEW,
    ),
)
