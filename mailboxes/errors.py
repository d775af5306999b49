"""What the law says no to, by name."""

from core.errors import PostroomError


class MailboxNotFound(PostroomError):
    """It isn't there, or isn't theirs: nobody can tell the two apart."""

    code = "not_found"
    status = 404
    public = "This mailbox doesn't exist, or you don't have access to it any more."


class Forbidden(PostroomError):
    """They may see the mailbox, and may not do this in it."""

    code = "forbidden"
    status = 403
    public = "Your access to this mailbox is read-only. Ask the owner of the account if you need to reply."


class BadAddress(PostroomError):
    code = "validation_failed"
    status = 422
    public = (
        "That isn't an address we can make. Before the @ stand at most 64 letters (a to z), digits, dots, hyphens and "
        "underscores; it begins and ends with a letter or digit, and no two dots stand side by side."
    )


class BadDomain(BadAddress):
    public = "That isn't a domain name such as example.com."


class BadRoleMailbox(PostroomError):
    """Nobody there who could get the mail for postmaster@ and abuse@."""

    code = "validation_failed"
    status = 422
    public = "There is no such mailbox in this account. Name one that is in use."


class BadName(PostroomError):
    """A display name that shows another address."""

    code = "validation_failed"
    status = 422
    public = "That name reads like somebody else's address. Leave the address out."


class AddressTaken(PostroomError):
    code = "address_taken"
    status = 409
    public = "That address is taken already. Choose another one."


class DomainNotEmpty(PostroomError):
    code = "validation_failed"
    status = 422
    public = "That domain still has mailboxes, in use or in the bin. Delete them first; the bin empties after 7 days."


class DomainTaken(PostroomError):
    code = "address_taken"
    status = 409
    public = "That domain is here already."


class AccountTaken(PostroomError):
    code = "address_taken"
    status = 409
    public = "An account, or an owner, with that name is here already."


class LastOwner(PostroomError):
    code = "validation_failed"
    status = 422
    public = "An account always needs an owner. Add somebody else first, then remove this one."


class NothingByThatName(PostroomError):
    """An account, a domain or a person that the account doesn't have."""

    code = "not_found"
    status = 404
    public = "There is nothing by that name in this account."


class MemberGone(NothingByThatName):
    """Whom it was about is no member, or not any more."""

    public = "They don't have access to this mailbox: somebody may have removed them meanwhile."


class NotShared(PostroomError):
    code = "not_shared"
    status = 422
    public = "That is a person's own mailbox. Only a shared mailbox has members."


class NoSignIn(PostroomError):
    """Something of a sign-in was asked of a mailbox that has none."""

    code = "already_shared"
    status = 422
    public = "A shared mailbox has no password and never signs in. Its members use their own."


class AlreadyShared(PostroomError):
    code = "already_shared"
    status = 422
    public = "That is a shared mailbox already."


class MemberNotEligible(PostroomError):
    code = "member_not_eligible"
    status = 422
    public = "Only a person with a mailbox in the same account can be a member."


class MemberNeeded(PostroomError):
    code = "validation_failed"
    status = 422
    public = "A shared mailbox needs at least one member. Choose who is on the team."


class AlreadyMember(PostroomError):
    code = "already_member"
    status = 409
    public = "They have access to this mailbox already."


class LastMember(PostroomError):
    code = "last_member"
    status = 422
    public = "A shared mailbox always needs at least one member. Add somebody else first, then remove this one."


class PlanLimitReached(PostroomError):
    code = "plan_limit_reached"
    status = 422


class InsufficientScope(PostroomError):
    """The token was made for less."""

    code = "insufficient_scope"
    status = 403
    public = "This token isn't allowed to do that."


class FeatureNotAvailable(PostroomError):
    """The plan doesn't include it."""

    code = "feature_not_available"
    status = 403
    public = "The plan of this account doesn't include that."


class IdempotencyConflict(PostroomError):
    code = "idempotency_conflict"
    status = 409
    public = "This Idempotency-Key was used for another request before."


class BadTokenRequest(PostroomError):
    """A token that can't be made as asked; `public` says why."""

    code = "validation_failed"
    status = 422
