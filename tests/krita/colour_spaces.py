"""Spaces of layers: model, depth and profile, in Krita's words."""

SPACES = {
    "16 bits": ("RGBA", "U16", "sRGB-elle-V2-srgbtrc.icc"),
    "linear halves": ("RGBA", "F16", "sRGB-elle-V2-g10.icc"),
    "linear floats": ("RGBA", "F32", "sRGB-elle-V2-g10.icc"),
    "wide gamut": ("RGBA", "U16", "ClayRGB-elle-V2-g22.icc"),
    "gray": ("GRAYA", "U8", "Gray-D50-elle-V2-srgbtrc.icc"),
    "gray, 16 bits": ("GRAYA", "U16", "Gray-D50-elle-V2-srgbtrc.icc"),
    "CMYK": ("CMYKA", "U8", "Chemical proof"),
}
