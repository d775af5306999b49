"""A password on its way to a sign-in."""

from dataclasses import dataclass, field

from auth.passwords import check_strength, generate_password, hash_password


@dataclass
class ChosenPassword:
    """The one that was sent, or else one made here. It is hashed before a transaction begins: that takes long."""

    sent: str | None = field(repr=False)
    generated: str = field(default="", init=False, repr=False)
    hashed: str = field(default="", init=False, repr=False)

    def prepare(self, address: str) -> None:
        """For whoever has this address. Raises WeakPassword."""
        if self.sent is None:
            self.generated = generate_password()
        chosen = self.sent or self.generated
        check_strength(chosen, address)
        self.hashed = hash_password(chosen)
