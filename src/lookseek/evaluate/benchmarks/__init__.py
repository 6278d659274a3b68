"""The benchmarks, one file each: what is asked, of what gallery, and what is right."""
