"""What every UniAll model shares: endpoints and answers.

UniAll documents no answer (its page shows an empty object), so answers are read by shape:
https://docs.uniall.ai/models/video/kling
"""

from rushes import Answers, Polling, Provider

TASK_IDS = tuple(
    f"{place}{name}" for place in ("", "data.", "data[0].") for name in ("task_id", "taskId")
)

uniall = Provider(
    spec=2,
    id="uniall",
    submit_path="/v1/video/generations",
    status_path="/v1/videos/{id}",
    polling=Polling(first=5, every=10, at_most=900, floor=5),  # no page advises an interval
    answers=Answers(
        task_id=(*TASK_IDS, "id"),
        status="status",
        words={
            "queued": "queued",
            "in_progress": "in_progress",
            "completed": "completed",
            "failed": "failed",
            "cancelled": "cancelled",
            "canceled": "cancelled",
            "expired": "expired",
        },
        own_id=(*TASK_IDS, "id"),
        videos=(
            "video_url",
            "result.video_url",
            "result.outputs[]",
            "result.outputs[].url",
            "result.outputs[].video_url",
        ),
        progress="progress",
        reason=("error.message", "error.code", "error"),
    ),
)
