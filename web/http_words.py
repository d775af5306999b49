"""What a person reads for the errors that HTTP itself names: what happened, and what to do next."""

WORDS = {
    400: ("That request can't be understood.", "Go back and try again."),
    401: ("You're not signed in any more.", "Sign in again; what you wrote below is yours to copy."),
    403: ("You can't do that here.", "Ask the owner of the account if you think you should."),
    404: ("There is nothing here.", "The address may be mistyped, or the thing is gone."),
    405: ("That doesn't work this way.", "Go back and use the button on the page."),
    408: ("Your request took too long to arrive.", "Check your connection, then try again."),
    413: ("That is too large to send.", "Go back, shorten what you typed or chose, then try again."),
    414: ("That address is too long.", "Go back and use a shorter one."),
    429: ("That was too often.", "Wait a moment, then try again."),
    431: ("Your browser sent too much along.", "Delete its cookies for this site, then sign in again."),
    501: ("That request can't be understood.", "Go back and try again."),
}
LETTER_TOO_LARGE = (
    "That is too large to send.",
    "Attachments may be 25 MB in all. Go back, take one off, or send a link instead.",
)
FALLBACK = ("Something went wrong on our side.", "Nothing was lost. Try again in a moment.")
