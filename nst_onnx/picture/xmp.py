"""XMP packets: the properties that a painting keeps of a photo's, by their namespaces (ISO 16684-1; IPTC)."""

from __future__ import annotations

from collections.abc import Callable
from xml.etree import ElementTree

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_META = "adobe:ns:meta/"
_NAMESPACES = {
    "x": _META,
    "rdf": _RDF,
    "dc": "http://purl.org/dc/elements/1.1/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "xmpRights": "http://ns.adobe.com/xap/1.0/rights/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "exif": "http://ns.adobe.com/exif/1.0/",
    "Iptc4xmpCore": "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "plus": "http://ns.useplus.org/ldf/xmp/1.0/",
    "cc": "http://creativecommons.org/ns#",
}
_WHOLE = {_NAMESPACES[prefix] for prefix in ("dc", "xmpRights", "plus", "cc", "Iptc4xmpCore", "Iptc4xmpExt")}
_SOME = {
    _NAMESPACES["xmp"]: {"CreateDate", "Rating", "Label"},
    _NAMESPACES["photoshop"]: {
        *("AuthorsPosition", "CaptionWriter", "Category", "City", "Country", "Credit", "DateCreated"),
        *("Headline", "Instructions", "Source", "State", "SupplementalCategories", "TransmissionReference"),
    },
    _NAMESPACES["exif"]: {"DateTimeOriginal"},
}
_PLACES = {
    _NAMESPACES["photoshop"]: {"City", "Country", "State"},
    _NAMESPACES["Iptc4xmpCore"]: {"CountryCode", "Location"},
    _NAMESPACES["Iptc4xmpExt"]: {"LocationCreated", "LocationShown"},
}
_DROPPED = {(_NAMESPACES["dc"], "format")}  # of the photo's file
_LONGEST = 60_000  # bytes: JPEG has one segment of 64 KiB for it

for (
    _prefix,
    _uri,
) in _NAMESPACES.items():  # else they are written as ns0, ns1, …, which some readers do not look for
    ElementTree.register_namespace(_prefix, _uri)


def kept(packet: str | bytes) -> str | None:
    """Return the properties of an XMP packet that a painting keeps, with those of the place.

    None where there are none, and for a packet that cannot be read, has a document type, or would take more
    than 60 000 bytes.
    """
    try:
        text = packet.decode() if isinstance(packet, bytes) else packet
        if "<!DOCTYPE" in text or "<!ENTITY" in text:
            return None
        root = ElementTree.fromstring(text.strip().strip("\0\ufeff"))
    except (ValueError, ElementTree.ParseError):
        return None
    return _filtered(root, _is_kept)


def without_place(document: str) -> str | None:
    """Return a document made by `kept` without the properties of the place."""
    return _filtered(ElementTree.fromstring(document), lambda uri, name: not _is_place(uri, name))


def packet(document: str) -> bytes:
    """Return a document as files have it, in its wrapper."""
    begin = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    return f'{begin}{document}<?xpacket end="r"?>'.encode()


def _filtered(root: ElementTree.Element, wanted: Callable[[str, str], bool]) -> str | None:
    tree = root if root.tag == f"{{{_RDF}}}RDF" else root.find(f"{{{_RDF}}}RDF")
    descriptions = [] if tree is None else tree.findall(f"{{{_RDF}}}Description")
    found = [one for one in descriptions if _filter(one, wanted)]
    if not found:
        return None
    meta = ElementTree.Element(f"{{{_META}}}xmpmeta")
    rdf = ElementTree.SubElement(meta, f"{{{_RDF}}}RDF")
    merged = ElementTree.SubElement(rdf, f"{{{_RDF}}}Description", {f"{{{_RDF}}}about": ""})
    for one in found:
        merged.attrib |= {
            key: value for key, value in one.attrib.items() if not key.startswith(f"{{{_RDF}}}")
        }
        merged.extend(one)
    text = ElementTree.tostring(meta, encoding="unicode")
    return text if len(text.encode()) <= _LONGEST else None


def _filter(description: ElementTree.Element, wanted: Callable[[str, str], bool]) -> bool:
    """Remove the other properties, which are attributes or elements; return whether any are left."""
    attributes = [key for key in description.attrib if not key.startswith(f"{{{_RDF}}}")]
    for key in attributes:
        if not wanted(*_split(key)):
            del description.attrib[key]
    for element in list(description):
        if not wanted(*_split(element.tag)):
            description.remove(element)
    return len(description) > 0 or any(key in description.attrib for key in attributes)


def _split(key: str) -> tuple[str, str]:
    uri, _, name = key.removeprefix("{").partition("}")
    return uri, name


def _is_kept(uri: str, name: str) -> bool:
    return (uri, name) not in _DROPPED and (
        uri in _WHOLE or name in _SOME.get(uri, ()) or _is_place(uri, name)
    )


def _is_place(uri: str, name: str) -> bool:
    return name in _PLACES.get(uri, ()) or (uri == _NAMESPACES["exif"] and name.startswith("GPS"))
