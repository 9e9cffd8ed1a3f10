from . import baselines as baselines
from . import crowd as crowd
from . import orders as orders
from . import words as words
