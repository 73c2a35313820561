"""Recognising and parting of what people paste: a mail with quoted lines, a transcript with several commands one after
another, a log. `recognise` names one text in the catalog's terms, `parts` finds several in one without prompts, `sections`
parts a transcript by its prompts.
"""

from nimdoctor.evidence.recognition.content import points, recognise
from nimdoctor.evidence.recognition.kinds import NIMSH_LOG, line_is_known
from nimdoctor.evidence.recognition.naming import CERTIFICATES, same_facts
from nimdoctor.evidence.recognition.prompts import has_prompts
from nimdoctor.evidence.recognition.quoting import SAMPLE, is_binary, strip_quoting
from nimdoctor.evidence.recognition.sections import Section, sections
from nimdoctor.evidence.recognition.stretches import UNKNOWN, Part, parts

__all__ = [
    "CERTIFICATES",
    "NIMSH_LOG",
    "SAMPLE",
    "UNKNOWN",
    "Part",
    "Section",
    "has_prompts",
    "is_binary",
    "line_is_known",
    "parts",
    "points",
    "recognise",
    "same_facts",
    "sections",
    "strip_quoting",
]
