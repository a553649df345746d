"""Whatever is taken for an e-mail address is one recipient, in one form, and harms no header."""

from hypothesis import example, given
from hypothesis import strategies as st

from gristmill.adapters.mail.smtp import compose
from gristmill.domain.credentials import normal_email
from gristmill.errors import BadInputError
from gristmill.ports.mailer import Mail

LETTERS = st.text(st.sampled_from("aZ9.-_+=?%\"'(),;:<>[]\\ \r\n\t\0\u00fc\u0308\u212a@\u2028"), max_size=12)


@given(st.one_of(st.builds("{}@{}".format, LETTERS, LETTERS), st.text(max_size=20), st.emails()))
@example("=?utf-8?q?a=0aBcc:?=@example.org")
@example("a@b.c\r\nBcc: eve@example.org")
@example("\u0130@example.org")
def test_an_address_that_is_taken_is_one_recipient_in_its_last_form(text: str) -> None:
    try:
        email = normal_email(text)
    except BadInputError:
        return
    assert normal_email(email) == email
    message = compose("mill@example.org", Mail(to=email, subject="s", text="t"))
    assert [address.addr_spec for address in message["To"].addresses] == [email]
    assert sum(line.lower().startswith(b"bcc") for line in message.as_bytes().splitlines()) == 0
