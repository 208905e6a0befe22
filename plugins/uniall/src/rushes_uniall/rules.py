"""The rules across fields on UniAll's pages: prompts, frames, shots."""

from rushes import Source
from rushes.vocabulary import image_may_set_ratio, needs, not_together, remark, required

PAGE = Source("UniAll, Create Video Task", "https://docs.uniall.ai/models/video/kling/create-task")
OVERVIEW = Source("UniAll, Kling Video Generation", "https://docs.uniall.ai/models/video/kling")

SHOTS, SUBJECTS = "extra_body.multi_prompt", "extra_body.element_list"

RULES = (
    required("prompt", unless=SHOTS, name="prompt_or_shots", source=OVERVIEW),
    not_together("prompt", SHOTS, name="prompt_not_with_shots", source=OVERVIEW),
    needs(
        SHOTS,
        "image",
        says=f"{{{SHOTS}}} is for image-to-video only.",
        name="shots_need_image",
        source=PAGE,
    ),
    needs("last_image", "image", source=OVERVIEW),
    image_may_set_ratio(
        "aspect_ratio", "image", says="{aspect_ratio} is not guaranteed with an image.", source=PAGE
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
