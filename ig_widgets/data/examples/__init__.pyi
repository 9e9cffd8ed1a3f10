from .simulated import SimulatedAnnotator as SimulatedAnnotator
from .synthetic import strips as strips
from .synthetic import write_strips as write_strips
