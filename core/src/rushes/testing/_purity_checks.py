"""What the kit checks of all hooks: they do no I/O."""

from itertools import chain

from rushes._keys.redacting import Secret
from rushes.calls import Answer
from rushes.testing._answers import BODIES, json_answer
from rushes.testing._barred import barred
from rushes.testing._documented import documented
from rushes.testing._request_checks import probes
from rushes.testing._under_test import NOW, Example, VariantUnderTest
from rushes.testing._wire_checks import PICTURE


class PurityChecks(VariantUnderTest):
    """Hooks: no files, no sockets, no clocks, no random numbers."""

    def test_no_hook_does_io(self) -> None:
        """Sockets, files, clocks and random numbers are barred while every hook runs."""
        examples = [*self.accepted, *chain(*self.rule_examples.values()), *probes()]
        with barred():
            for example in examples:
                self._once(example)
        answers = [
            json_answer(body, status) for body in documented(self) for status in (200, 400, 500)
        ]
        answers += [Answer(200, {}, body) for body in BODIES]
        with barred():
            for answer in answers:
                self._read(answer)

    def _once(self, example: Example) -> None:
        report = self.check(example)
        if report.valid:
            call = self.call(report)
            for secrets in self.all_secrets():
                self.ask("token", secrets=secrets, now=NOW)
                self.ask("authorize", call=call, key=Secret("kit-key"), secrets=secrets, now=NOW)

    def _read(self, answer: Answer) -> None:
        for hook in ("parse_submit", "parse_status", "parse_refusal"):
            self.ask(hook, answer=answer)
        receipt = self.receipt("r-1")
        self.exchange("poll", answer, receipt=receipt)
        if self.ask("cancel", receipt=receipt) is not None:
            self.exchange("cancel", answer, receipt=receipt)
        if self.ask("look_up", client_id="job-1") is not None:
            self.exchange("look_up", answer, client_id="job-1")
        if self.ask("upload", file=PICTURE) is not None:
            self.exchange("upload", answer, file=PICTURE)
