"""A model hub: the files of a model at one revision, from Hugging Face's routes, from a folder, or from a stream.

Reads config.json and the headers of safetensors files, never a tensor.
"""
