"""Reads DeepFashion's official files: splits, items, labels, boxes and landmarks of photos.

    lists (the form of all files) <- partitions (splits, items, pairs), labels (categories, attributes),
                                     places (boxes, landmarks)

    In-shop             Eval/list_eval_partition.txt   Anno/list_item_inshop.txt, list_bbox_inshop.txt,
                                                            list_landmarks_inshop.txt
    Consumer-to-shop    Eval/list_eval_partition.txt   Anno/list_item_consumer2shop.txt,
                                                            list_bbox_consumer2shop.txt,
                                                            list_landmarks_consumer2shop.txt
    Category and        Eval/list_eval_partition.txt   Anno_coarse/ or Anno/: list_category_cloth.txt,
    Attribute Prediction                                    list_category_img.txt, list_attr_cloth.txt,
                                                            list_attr_img.txt, list_bbox.txt, list_landmarks.txt

The photos lie in ``img/`` or ``Img/img/``; every file names them ``img/...jpg``, and that name is their id.

Source: Liu, Luo, Qiu, Wang and Tang, "DeepFashion", CVPR 2016; the layouts as the official README.txt of each
benchmark gives them (read in the copies of github.com/czla/cloth-image-retrieval: In-shop 1.2, Consumer-to-shop 1.1;
and github.com/brandontrabucco/deepfashion_dataset: Category 1.1) and as github.com/open-mmlab/mmfashion reads them
(``data/prepare_*.py``). The data themselves were not available when this was written: what no source states is marked
"not verified".
"""

from .labels import Attributes, Categories, is_category_folder, read_attributes, read_categories
from .lists import photo_folder
from .partitions import InShopPhoto, Pair, read_consumer2shop, read_inshop, read_items, read_splits
from .places import Landmark, Landmarks, Place, read_boxes, read_landmarks

__all__ = [
    "Attributes",
    "Categories",
    "InShopPhoto",
    "Landmark",
    "Landmarks",
    "Pair",
    "Place",
    "is_category_folder",
    "photo_folder",
    "read_attributes",
    "read_boxes",
    "read_categories",
    "read_consumer2shop",
    "read_inshop",
    "read_items",
    "read_landmarks",
    "read_splits",
]
