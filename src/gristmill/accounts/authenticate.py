"""Who asks: a credential turned into a principal, on every request and without a cache."""

from gristmill.accounts.ports import AccountPorts
from gristmill.domain.account import SOLE, Principal, Scope
from gristmill.domain.token import KEY_PREFIX, digest_of
from gristmill.errors import ForbiddenError, UnauthenticatedError

_REFUSED = "Log in, or send an API key: the credential is missing, wrong, expired or revoked."


async def authenticate(credential: str, ports: AccountPorts) -> Principal:
    """Who an access token or API key stands for, by one read of the store. Raises UnauthenticatedError.

    Nothing is remembered: what was revoked, disabled or demoted a moment ago counts already. Where no account is asked
    for (`auth` is none) everybody is the one person there is, whatever they send.
    """
    if ports.rules.auth == "none":
        return SOLE
    principal = await _find(credential, ports)
    if principal is None:
        raise UnauthenticatedError(_REFUSED)
    return principal


def require(principal: Principal, scope: Scope) -> None:
    """Raise ForbiddenError unless the principal may do what needs this scope."""
    if not principal.may(scope):
        who = "this API key" if principal.key is not None else "your account"
        raise ForbiddenError(f"This needs the scope {scope}, which {who} does not have.")


def require_login(principal: Principal) -> str:
    """The session of a principal who logged in. Raises ForbiddenError for an API key, and where no accounts are.

    What decides who gets in is not for a key to change: whoever finds one must not be able to make it last.
    """
    if principal.session is None:
        raise ForbiddenError("This needs a login: neither an API key nor a server without accounts can do it.")
    return principal.session


async def _find(credential: str, ports: AccountPorts) -> Principal | None:
    digest, now = digest_of(credential), ports.clock.now()
    if not credential.startswith(KEY_PREFIX):
        access = await ports.store.read_access(digest)
        return None if access is None else access.principal(now)
    grant = await ports.store.read_key(digest)
    principal = None if grant is None else grant.principal(now)
    if grant is not None and principal is not None and grant.is_use_worth_noting(now):
        await ports.store.note_key_use(grant.key.id, now)
    return principal
