"""What the IPTC vocabulary calls the way an image came to be. Constants only; nothing here is computed."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from publisher.manifest.model import ProvenanceClass

DIGITAL_SOURCE_TYPE_PREFIX = "http://cv.iptc.org/newscodes/digitalsourcetype/"
"""IPTC NewsCodes "Digital Source Type". The scheme is http, not https: it is an identifier, not a link."""

DIGITAL_SOURCE_TYPE: Mapping[ProvenanceClass, str] = MappingProxyType(
    {
        ProvenanceClass.AI_GENERATED: DIGITAL_SOURCE_TYPE_PREFIX + "trainedAlgorithmicMedia",
        ProvenanceClass.AI_EDITED: DIGITAL_SOURCE_TYPE_PREFIX
        + "compositeWithTrainedAlgorithmicMedia",
    }
)
"""The digital source type per provenance class. A human work has none unless the seller states one."""
