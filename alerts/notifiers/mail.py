"""E-mail over SMTP: one mail for each step of an alert, all of an alert in one thread.

A mailbox cannot be looked at, so a mail in doubt is sent again under the same Message-ID, which servers that look for
repetitions tell it by.
"""

from __future__ import annotations

import logging
import smtplib
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from email.message import EmailMessage
from typing import Literal, NamedTuple

from alerts.notifiers.connection import REPAIR, within
from alerts.notifiers.contract import Pace, Refused, Unheard
from alerts.notifiers.mail_message import identity, message, withdrawal
from alerts.ports import Delivery
from secondsource.contracts.clock import Clock
from secondsource.contracts.errors import SourceAway
from secondsource.contracts.secret import Secret

_log = logging.getLogger(__name__)

Security = Literal["starttls", "tls", "none"]


class Relay(NamedTuple):
    """The server that takes our mails, and as whom. `ca_file` is the authority of its certificate, "" for those the
    system trusts. No user: it lets us in by where we are.
    """

    host: str
    port: int
    security: Security
    address: str
    name: str = "Second Source"
    user: str = ""
    password: Secret | None = None
    ca_file: str = ""


class MailNotifier:
    """Serves "email:NAME", where NAME is a list of addresses. A reference is the Message-ID of the first mail.

    `timeout` in seconds bounds each wait, `total` the whole conversation.
    """

    name = "email"
    digests = True

    def __init__(
        self,
        relay: Relay,
        lists: Mapping[str, Sequence[str]],
        clock: Clock,
        *,
        timeout: float = 10.0,
        total: float = 30.0,
    ) -> None:
        self.pace: Pace | None = Pace(per_second=1.0, burst=5)
        self._relay = relay
        self._lists = {name: tuple(addresses) for name, addresses in lists.items()}
        self._clock = clock
        self._timeout = timeout
        self._total = total

    def post(self, delivery: Delivery) -> str:
        to = self._addresses(delivery)
        mail = message(delivery, self._sender, to, self._clock.now())
        self._send(mail, to, delivery)
        return delivery.reference or identity(delivery, self._relay.address)

    def correct(self, delivery: Delivery) -> None:
        """Ask the readers to delete what was sent; once for an alert, with its newest step.

        Nobody is written to because a colleague did something about an alert.
        """
        if not delivery.stale or not delivery.newest:
            return
        to = self._addresses(delivery)
        try:
            self._send(withdrawal(delivery, self._sender, to, self._clock.now()), to, delivery)
        except Unheard as error:  # the same Message-ID: may be repeated
            raise SourceAway(str(error), retry_after=error.retry_after) from error

    def find(self, delivery: Delivery) -> str | None:  # noqa: ARG002 - the protocol asks about a delivery
        return None

    @property
    def _sender(self) -> tuple[str, str]:
        return self._relay.name, self._relay.address

    def _addresses(self, delivery: Delivery) -> tuple[str, ...]:
        name = delivery.destination.partition(":")[2]
        if name not in self._lists:
            known = ", ".join(sorted(self._lists)) or "none"
            msg = f"no list of addresses named {name or 'nothing'} in secondsource.yaml any more (have {known})"
            raise Refused(msg)
        return self._lists[name]

    def _send(self, mail: EmailMessage, to: Sequence[str], delivery: Delivery) -> None:
        with self._session() as server:
            _answered(server.mail(self._relay.address), "the sender's address")
            answers = [server.rcpt(address) for address in to]
            taken = sum(code in {250, 251} for code, _ in answers)
            if not taken:
                _answered(answers[0], "the receivers' addresses")
            if taken < len(to):  # who else is on the list is told; that somebody is not has to be seen somewhere
                codes = sorted({code for code, _ in answers if code not in {250, 251}})
                more = {"destination": delivery.destination, "refused": len(to) - taken, "codes": codes}
                _log.warning("the mail server refuses some addresses of a list", extra=more)
            try:
                answer = server.data(mail.as_bytes())
            except smtplib.SMTPDataError as error:  # it would not hear the mail: nothing was said
                answer = (error.smtp_code, error.smtp_error if isinstance(error.smtp_error, bytes) else b"")
            except (OSError, smtplib.SMTPException) as error:
                raise Unheard(f"expected {self._relay.host} to take a mail, came {type(error).__name__}") from error
            _answered(answer, "the mail")

    @contextmanager
    def _session(self) -> Iterator[smtplib.SMTP]:
        """A conversation in which we are known and not overheard, as far as the relay's settings ask for.

        Raises:
            SourceAway: it did not come about; nothing was sent.
        """
        relay = self._relay
        try:
            server = self._connected()
        except ssl.SSLCertVerificationError as error:
            msg = f"the certificate of {relay.host} is not trusted: {error.verify_message}; name its authority: ca_file"
            raise SourceAway(msg, retry_after=REPAIR) from error
        except (OSError, smtplib.SMTPException) as error:
            raise SourceAway(_away(relay, error)) from error
        assert server.sock is not None
        with within(self._total, server.sock):
            try:
                try:
                    self._let_in(server)
                    yield server
                except ssl.SSLCertVerificationError as error:
                    msg = f"the certificate of {relay.host} is not trusted: {error.verify_message}; see ca_file"
                    raise SourceAway(msg, retry_after=REPAIR) from error
                except (OSError, smtplib.SMTPException) as error:  # before the mail: it was not sent
                    raise SourceAway(_away(relay, error)) from error
            finally:
                _close(server)

    def _connected(self) -> smtplib.SMTP:
        relay = self._relay
        own = relay.address.rpartition("@")[2]
        if relay.security == "tls":
            return smtplib.SMTP_SSL(relay.host, relay.port, own, timeout=self._timeout, context=self._trust())
        return smtplib.SMTP(relay.host, relay.port, own, timeout=self._timeout)

    def _let_in(self, server: smtplib.SMTP) -> None:
        relay = self._relay
        server.ehlo()
        if relay.security == "starttls":
            if not server.has_extn("starttls"):
                msg = f"{relay.host} offers no STARTTLS, and nothing is sent in the clear; see notify.email.security"
                raise SourceAway(msg, retry_after=REPAIR)
            server.starttls(context=self._trust())
            server.ehlo()
        if relay.user:
            try:
                server.login(relay.user, relay.password.reveal() if relay.password else "")
            except (smtplib.SMTPAuthenticationError, smtplib.SMTPNotSupportedError) as error:
                code = getattr(error, "smtp_code", "no login")
                msg = f"{relay.host} does not let us in ({code}); check notify.email.user and its password"
                raise SourceAway(msg, retry_after=REPAIR) from None  # what it came from could repeat the password

    def _trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self._relay.ca_file or None)


def _answered(answer: tuple[int, bytes], what: str) -> None:
    """Go on, wait or give up, by a reply's first digit (RFC 5321, 4.2.1)."""
    code, _ = answer  # the words may repeat an address; the code says enough
    if 200 <= code < 300:
        return
    if code in {530, 535, 538}:
        raise SourceAway(f"the mail server wants a login ({code}); check notify.email", retry_after=REPAIR)
    if code >= 500:
        raise Refused(f"the mail server will not take {what}: {code}; see its own log")
    raise SourceAway(f"the mail server asks to wait, about {what} ({code})")


def _away(relay: Relay, error: Exception) -> str:
    told = getattr(error, "smtp_code", None) or getattr(error, "strerror", None) or "no answer"
    return f"expected {relay.host} to take mail on port {relay.port}, came {type(error).__name__}: {told}"


def _close(server: smtplib.SMTP) -> None:
    try:
        server.quit()
    except (OSError, smtplib.SMTPException):
        pass  # whatever was to be said has been
    finally:
        server.close()
