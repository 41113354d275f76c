"""Litmos as syncd sees it.

``transport`` (one request, in time, through the rolling window) <- ``client`` (JSON, paging, errors by ``faults``) <-
``target`` (one Operation applied or settled) and ``reading`` (snapshot) and ``results`` (completions); ``wire`` knows the forms.
"""
