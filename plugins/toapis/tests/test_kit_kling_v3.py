# fmt: off
from rushes import Image, Request, Result, Status
from rushes.testing import VariantConformance
from rushes_toapis.kling_v3 import plugin as kling

URL = "https://pictures.example.com/a.png"
BASE = {"model": "kling-v3", "prompt": "A red kite"}
FRAMES = [{"url": URL, "role": role} for role in ("first_frame", "last_frame", "reference_image")]
DONE = {"id": "t", "status": "completed", "expires_at": 9, "result": {"data": [{"url": URL}]}}


class TestKlingV3(VariantConformance):
    plugin = kling
    accepted = [BASE, {**BASE, "duration": 15, "mode": "pro", "audio": True, "aspect_ratio": "1:1"},
                {**BASE, "reference_images": [URL], "image_with_roles": FRAMES[:2]},
                {**BASE, "image_with_roles": FRAMES[:2]}, {**BASE, "image_with_roles": FRAMES},
                {**BASE, "image_with_roles": FRAMES[2:], "metadata": {"watermark": True}},
                Request("k", negative_prompt="l", images=[Image(URL, "first_frame")])]
    rejected = {"one_of_each_frame": {**BASE, "image_with_roles": FRAMES[:1] * 2},
                "last_frame_needs_first": {**BASE, "image_with_roles": FRAMES[1:2]},
                "fifteen_seconds_without_images": {**BASE, "duration": 15, "reference_images": [URL]}}
    receipts = [({"id": "t", "object": "generation.task", "status": "queued"}, "t")]
    statuses = [(DONE, Status(state="completed", results=(Result(url=URL, expires_at=9),), remote_id="t"))]
    exchanges = {"upload": [{"data": {"url": URL}}], "look_up": [{"id": "t"}]}
