from .barlow_twins import BarlowTwins as BarlowTwins
from .filter_bank import filter_maps as filter_maps
from .packing import pack_words as pack_words
from .packing import unpack_words as unpack_words
from .pooling import pool_maps as pool_maps
from .visual_words import VisualWords as VisualWords
from .vqvae import VQVAEWords as VQVAEWords
