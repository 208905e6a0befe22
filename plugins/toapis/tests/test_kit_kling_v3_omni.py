# fmt: off
from rushes import Image, Request, Status
from rushes.testing import VariantConformance
from rushes_toapis.kling_v3_omni import plugin as kling

URL = "https://pictures.example.com/a.png"
BASE = {"model": "kling-v3-omni", "prompt": "A red kite"}
CITED = {**BASE, "prompt": "<<<image_2>>> meets <<<image_1>>>", "image_urls": [URL, URL]}
ERROR = {"code": "content_policy_violation", "message": "no"}


class TestKlingV3Omni(VariantConformance):
    plugin = kling
    accepted = [BASE, {**BASE, "mode": "pro", "duration": 10, "metadata": {"a": [1]}}, CITED,
                {**BASE, "image_urls": [URL]}, Request("k", images=[Image(URL, "reference")])]
    rejected = {"cited_images_exist": {**CITED, "image_urls": [URL]}}
    noted = {"other_tags_pass": {**BASE, "prompt": "<<<video_1>>>"},
             "image_may_set_the_ratio": {**CITED, "aspect_ratio": "1:1"}}
    receipts = [({"id": "t", "object": "generation.task", "status": "queued"}, "t")]
    statuses = [({"status": "failed", "error": ERROR}, Status(state="failed", reason="no"))]
    refusals = [(422, {"error": ERROR}, "content"), (402, {"error": {"message": "no"}}, "balance")]
    exchanges = {"upload": [{"data": {"url": URL}}], "look_up": [{"id": "t"}]}
