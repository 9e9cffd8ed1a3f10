from .label_model import SnorkelLabelModel as SnorkelLabelModel
from .self_training import SelfTrainer as SelfTrainer
from .snuba import Snuba as Snuba
from .votes import MajorityVote as MajorityVote
from .votes import MaxSimilarity as MaxSimilarity
