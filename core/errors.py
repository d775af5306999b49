"""The root of every error Postroom raises on purpose."""


class PostroomError(Exception):
    """Something that happened to a person, by name.

    `code` is the stable word for programs, `status` the HTTP status, `public` the sentence a person reads.
    The text of the exception itself is for the log and never shown.
    """

    code = "error"
    status = 500
    public = "Something went wrong on our side. Nothing was lost; try again."

    def __init__(self, log_text: str = "", *, public: str = "") -> None:
        super().__init__(log_text or self.code)
        if public:
            self.public = public
