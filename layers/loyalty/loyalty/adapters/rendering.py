"""Mails and text messages from the package's own Jinja templates."""

from __future__ import annotations

from collections.abc import Mapping

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from loyalty.services.message_ports import Sms
from loyalty.services.ports import Email


class JinjaRenderer:
    """Renders `templates/mail` and `templates/sms`; values are escaped in HTML.

    A value that a template names and nobody gives is an error, not an empty place.
    """

    def __init__(self) -> None:
        self._environment = Environment(
            loader=PackageLoader("loyalty"),
            autoescape=select_autoescape(["html"]),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def email(
        self,
        template: str,
        *,
        to: str,
        context: Mapping[str, object],
        headers: Mapping[str, str],
        tags: Mapping[str, str],
    ) -> Email:
        """Render `mail/<template>.subject.txt`, `.txt` and `.html` with `context`."""
        subject = self._render(f"mail/{template}.subject.txt", context)
        return Email(
            to=to,
            # A line break would begin another header.
            subject=" ".join(subject.split()),
            text=self._render(f"mail/{template}.txt", context),
            html=self._render(f"mail/{template}.html", {**context, "subject": subject}),
            headers=headers,
            tags=tags,
        )

    def sms(self, template: str, *, to: str, context: Mapping[str, object]) -> Sms:
        """Render `sms/<template>.txt` with `context`, as one line."""
        return Sms(to=to, text=" ".join(self._render(f"sms/{template}.txt", context).split()))

    def _render(self, name: str, context: Mapping[str, object]) -> str:
        return self._environment.get_template(name).render(context)
