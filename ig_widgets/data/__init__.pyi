from . import errors as errors
from . import examples as examples
from . import io as io
