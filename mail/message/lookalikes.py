"""Text that looks like other text: what a name says to the eye, and not to a computer.

A name in front of an address is the sender's to choose. Where it looks like an address, or like a colleague's name, the
eye is told something that nobody has checked.
"""

import re
import unicodedata
from itertools import islice
from typing import Final

# Letters of other alphabets that are drawn like ASCII ones, from Unicode's table of confusable characters (UTS 39
# section 4, confusables.txt 15.1): single letters, digits, full stops and hyphens, without those that normalisation or
# folding of case turns into one of these. A capital iota is an I here, where the table has it as an l.
_DRAWN_LIKE: Final = {
    "+": "᛭𐊛",
    "-": "˗‐‒–⁃−Ⲻ",
    ".": "۰。ꓸ꘎",
    "2": "ƧϨᒿꙄꛯꝚ",
    "3": "ƷȜЗӠⳌꝪꞫ𑣊𖼻",
    "4": "Ꮞ𑢯",
    "5": "Ƽ𑢻",
    "6": "бᏮⳒ𑣕",
    "7": "𐓒𑣆",
    "8": "ȣ৪੪𐌚",
    "9": "৭੧୨൭ⳊꝮ𑣌𑣖",
    "a": "ɑαаᎪᗅꓮ𐊠𖽀",
    "b": "ƄΒВЬᏏᏴᑲᖯᗷꓐꞴ𐊂𐊡𐌁",
    "c": "ϲϹсᏟᴄⲥꓚ𐊢𐌂𐐽𐔜𑣩𑣲",
    "d": "ԁᎠᏧᑯᗞᗪꓒꓓ",
    "e": "ΕеҽᎬ⋿ⴹꓰꬲ𐊆𑢦𑢮",
    "f": "Ϝքᖴẝꓝꞙꬵ𐊇𐊥𐔥𑣂",
    "g": "ƍɡԌցᏀᏳᶃꓖ",
    "h": "ΗНһհᎻᏂᕼⲎꓧ𐋏",
    "i": "ıɩɪιіᎥⲒꙇ𑣃",
    "j": "ϳјᎫᒍꓙꞲ",
    "k": "ΚКᏦᛕⲔꓗ𐔘",
    "l": "ƖǀӀӏ۱Ꮮᒪᛁ∣Ⳑⵏꓡꓲ𐊊𐌉𐌠𐐛𐔦𑢣𑢲𖼖𖼨",
    "m": "ΜϺМᎷᗰᛖⲘꓟ𐊰𐌑",
    "n": "ΝոռⲚꓠ𐔓",
    "o": "οσоօ۵०০੦૦ଠ୦௦౦೦ഠ൦๐໐ဝ၀ჿዐᴏᴑⲟⵔ〇ꓳꬽ𐊒𐊫𐐬𐓪𐔖𑓐𑢵𑣈𑣗𑣠",
    "p": "ρрᏢᑭⲣꓑ𐊕",
    "q": "ԛգզⵕ",
    "r": "ƦгᎡᏒᖇᴦⲅꓣꭇꭈꮁ𐒴𖼵",
    "s": "ƽѕՏᏕᏚꓢꜱ𐊖𐑈𑣁𖼺",
    "t": "ΤТᎢ⊤⟙Ⲧꓔ𐊗𐊱𐌕𑢼𖼊",
    "u": "ʋυսሀᑌᴜ∪⋃ꓴꞟꭎꭒ𐓶𑣘𖽂",
    "v": "νѵ۷Ꮩᐯᴠ∨⋁ⴸꓦꛟ𐔝𑜆𑣀𖼈",
    "w": "ɯѡԝաᎳᏔᴡꓪ𑜊𑜎𑜏𑣦𑣯",
    "x": "×Χхᕁᕽ᙮ᚷ⤫⤬⨯ⲬⵝꓫꞳ𐊐𐊴𐌗𐌢𐔧𑣬",
    "y": "ɣʏΥγуүყᎩᎽᶌỿⲨꓬꭚ𐊲𑢤𑣜𖽃",
    "z": "ΖᏃᴢꓜ𐋵𑢩𑣄𑣥",
}
_TO_ASCII: Final = str.maketrans({sign: letter for letter, signs in _DRAWN_LIKE.items() for sign in signs})
# Marks on letters, and what is drawn as nothing at all: joiners, fillers, selectors of a variant (UTS 39 section 4).
_UNSEEN: Final = frozenset({"Mn", "Me", "Cf", "Cc"})
_FILLERS: Final = re.compile("[\u115f\u1160\u3164\uffa0\u2800]+")
# What stands around an at sign when nothing that separates is between, and a blank at most.
_ADDRESS: Final = re.compile(r"([^\s@<>()\[\]\",;:]{1,250}) ?@ ?([^\s@<>()\[\]\",;:]{1,253})")
_LONGEST: Final = 2_000
MAX_LOOK: Final = 200


def skeleton(text: str, most: int | None = None) -> str:
    """What the eye sees, in small letters and in ASCII as far as it can be: equal for texts that look alike.

    NFKC, folded case, confusable letters as the ASCII ones they look like, no marks, nothing invisible. For comparing,
    never for showing. Looks at 2,000 characters, and at `most` of what can be seen of them: one may be drawn as
    eighteen.
    """
    text = text[:_LONGEST]
    if text.isascii():
        return " ".join(text.lower().split())
    apart = unicodedata.normalize("NFKD", _FILLERS.sub("", text.translate(_TO_ASCII)))
    visible = (sign for sign in apart if unicodedata.category(sign) not in _UNSEEN or sign in "\t\n\r")
    seen = "".join(islice(visible, most))
    # Folding makes small letters drawn like Latin ones out of capitals that aren't, and Cherokee capitals.
    folded = seen.translate(_TO_ASCII).casefold().translate(_TO_ASCII)
    return " ".join(unicodedata.normalize("NFKC", folded).split())


def look(name: str) -> str:
    """What a name of at most 200 characters is known by: its skeleton, or the first 200 characters of that.

    The work is bounded, because strangers' names are looked at for every page of the list.
    """
    return skeleton(name[:MAX_LOOK], MAX_LOOK)[:MAX_LOOK].strip()


def claims_address(name: str, own: str = "") -> str | None:
    """The first address that a display name shows to the eye, as its skeleton, passing over `own`; None without one.

    The one rule of whoever gives a name or sends under one: "Ana @ Work" is no address. What strangers call themselves
    is judged more strictly where it is shown (`Address.display`).
    """
    mine, seen = skeleton(own), skeleton(name)
    usual = 1 + (bool(mine) and mine in seen)
    for local, host in _ADDRESS.findall(seen):
        claimed = f"{local}@{host.strip('.')}"
        if claimed != mine and ("." in host.strip(".") or seen.count("@") > usual):
            return claimed
    return None
