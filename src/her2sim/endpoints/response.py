"""The words of RECIST 1.1 as small integers, and back.

Arrays of responses are ``int8``; the words are those of CDISC controlled terminology.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int8]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


class Response(IntEnum):
    """A response of target lesions, of non-target lesions, of a visit, or of a patient.

    ``NOT_DONE`` is a visit that did not take place (and the baseline visit, which has no response);
    ``NE`` a visit that cannot be evaluated; ``NED`` no evidence of disease, for patients without any at baseline;
    ``NOT_PRESENT`` the absence of target or non-target lesions at baseline.
    """

    NOT_DONE = 0
    CR = 1
    PR = 2
    SD = 3
    NON_CR_NON_PD = 4
    PD = 5
    NE = 6
    NED = 7
    NOT_PRESENT = 8


LABELS = ("", "CR", "PR", "SD", "NON-CR/NON-PD", "PD", "NE", "NED", "NOT PRESENT")

NONTARGET_CODES = ("CR", "NON_CR_NON_PD", "PD", "NE", "NOT_PRESENT")
"""What ``Readings.nontarget`` indexes."""

_NONTARGET_RESPONSES = np.array([Response[name] for name in NONTARGET_CODES], dtype=np.int8)


def labels(codes: Codes) -> NDArray[np.str_]:
    """Responses as words, shape kept.

    >>> labels(np.array([1, 4, 6], dtype=np.int8)).tolist()
    ['CR', 'NON-CR/NON-PD', 'NE']
    """
    return np.array(LABELS)[codes]


def nontarget_responses(nontarget: NDArray[np.int64]) -> Codes:
    """Indices into ``NONTARGET_CODES`` as responses, shape kept."""
    return _NONTARGET_RESPONSES[nontarget]


def is_in(codes: Codes, *responses: Response) -> Bools:
    """Where ``codes`` is one of ``responses``, shape kept."""
    member = np.zeros(len(Response), dtype=np.bool_)
    member[list(responses)] = True
    return member[codes]
