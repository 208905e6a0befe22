# fmt: off
from rushes import Image, Request, Result, Shot, Status
from rushes.testing import VariantConformance
from rushes_uniall import kling_v3

URL = "https://pictures.example.com/a.png"
TASK = {"task_id": "t", "status": "completed", "progress": "90%", "result": {"outputs": [URL]}}
DONE = Status(state="completed", progress=90, results=(Result(url=URL),), remote_id="t")
def conformance(variant: str) -> type[VariantConformance]:
    base = {"model": f"kling-v3-{variant}", "prompt": "A red kite"}
    shots = {"model": base["model"], "extra_body": {"multi_prompt": [{"prompt": "Up"}]}}
    class Kit(VariantConformance):
        plugin = getattr(kling_v3, variant.replace("-", "_"))
        accepted = [base, {**shots, "image": URL}, {**base, "image": URL, "last_image": URL, "duration": 15},
                    Request(shots=[Shot("k")], images=[Image(URL, "first_frame")], guidance=0.5)]
        rejected = {"prompt_or_shots": {"model": base["model"]}, "shots_need_image": shots,
                    "prompt_not_with_shots": {**shots, "image": URL, "prompt": "k"}, "last_image_needs_image": {**base, "last_image": URL}}
        noted = {"image_may_set_the_ratio": {**base, "image": URL, "aspect_ratio": "1:1"}, "subjects_pass_unchecked": {**base, "extra_body": {"element_list": [1]}}}
        words, statuses = "queued in_progress completed failed cancelled canceled:cancelled expired", [(TASK, DONE), ({"id": "t", "status": "queued"}, Status(state="queued", remote_id="t"))]
        receipts = [({"task_id": "t"}, "t"), ({"id": "t", "status": "queued"}, "t")]
    return Kit

TestStdSilent, TestStdAudio = conformance("std-silent"), conformance("std-audio")
TestProSilent, TestProAudio = conformance("pro-silent"), conformance("pro-audio")
