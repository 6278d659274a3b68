"""The recipe ``weak``: an embedding and words for photos from a shop's own titles and descriptions, no label beside.

texts -> vocabulary (words that a photo can show) -> sampled words -> training -> calibration -> export, measure

Source: Corbière et al., Leveraging Weakly Annotated Data for Fashion Image Retrieval and Label Prediction, ICCVW 2017:
of each photo one word of its text is drawn and predicted, with negative sampling; the weights of the last layer are
embeddings of words. What is ours: features of a frozen model, a way with a bend behind them, AdamW, calibration.
"""
