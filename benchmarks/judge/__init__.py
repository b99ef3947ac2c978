"""Measures of painted pictures by a network and by statistics that no optimiser here descends on.

`network.Network` gives the features, `measures.Reference` the columns for one photo and painting:

>>> reference = Reference(Network("vgg16.npz"), photo, painting)
>>> reference.measure(picture).content_error
"""
