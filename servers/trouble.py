"""What stops the servers, in one line for whoever starts them."""


class ServerTrouble(Exception):
    """The servers can't be started, or one has failed; the text is one clear line saying what to do."""
