"""The annotators, each of which fills one field of `Enriched`. To add one, see docs/add-an-annotator.md.

Their order is the order they run in: entities need to know the language.
"""

from enrich.annotators.copies import CopyAnnotator
from enrich.annotators.entities import EntityAnnotator
from enrich.annotators.language import LanguageAnnotator
from enrich.annotators.media import MediaAnnotator
from enrich.annotators.stance import StanceAnnotator

ANNOTATORS = (LanguageAnnotator, EntityAnnotator, CopyAnnotator, StanceAnnotator, MediaAnnotator)

__all__ = ["ANNOTATORS", "CopyAnnotator", "EntityAnnotator", "LanguageAnnotator", "MediaAnnotator", "StanceAnnotator"]
