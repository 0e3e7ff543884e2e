"""Language codes a configuration may name: ISO 639-1, and those of three letters that language identification knows."""

from __future__ import annotations

from difflib import get_close_matches

_CODES = """
aa ab ae af ak als am an ar arz as ast av ay az azb ba bar bcl be bg bh bi bm bn bo bpy br bs bxr ca
cbk ce ceb ch ckb co cr cs cu cv cy da de diq dsb dty dv dz ee el eml en eo es et eu fa ff fi fj fo
fr frr fy ga gan gd gl gn gom gu gv ha hak he hi hif ho hr hsb ht hu hy hz ia id ie ig ii ik ilo io
is it iu ja jbo jv ka kg ki kj kk kl km kn ko kr krc ks ku kv kw ky la lb lez lg li lmo ln lo lrc lt
lu lv mai mg mh mhr mi min mk ml mn mr mrj ms mt mwl my myv mzn na nah nap nb nd nds ne new ng nl nn
no nr nv ny oc oj om or os pa pam pfl pi pl pms pnb ps pt qu rm rn ro ru rue rw sa sah sc scn sco sd
se sg sh si sk sl sm sn so sq sr ss st su sv sw szl ta te tg th ti tk tl tn to tr ts tt tw ty tyv ug
uk ur uz ve vec vep vi vls vo wa war wo wuu xal xh xmf yi yo yue za zh zu
"""
KNOWN_LANGUAGES = frozenset(_CODES.split())

_NAMES = {
    "arabic": "ar", "english": "en", "french": "fr", "german": "de", "hebrew": "he", "iw": "he", "in": "id",
    "italian": "it", "kurdish": "ku", "persian": "fa", "farsi": "fa", "portuguese": "pt", "russian": "ru",
    "spanish": "es", "turkish": "tr", "ukrainian": "uk", "ua": "uk", "cz": "cs", "dk": "da", "gr": "el", "jp": "ja",
    "cn": "zh", "kr": "ko", "ji": "yi", "chinese": "zh", "japanese": "ja",
}  # fmt: skip


def nearest_language(code: str) -> str:
    """The code somebody meant: of a name ("arabic"), a country ("ua"), a region ("en-GB", "EN"); "" if unknown."""
    lowered = code.strip().lower()
    primary = lowered.replace("_", "-").split("-")[0]
    for guess in (_NAMES.get(lowered, ""), _NAMES.get(primary, ""), primary):
        if guess in KNOWN_LANGUAGES:
            return guess
    near = get_close_matches(lowered, sorted(_NAMES), n=1, cutoff=0.8)
    return _NAMES[near[0]] if near else ""
