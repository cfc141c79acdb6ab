# Serves moto with two things that its interpreter lacks: an evaluator of JSONata, for which it has a place with nothing in
# it, and a stack of query languages for each definition that is read. It keeps one for all, so that definitions which are
# read at the same time have each other's language, and one that is refused leaves its own behind for all that follow.
import sys

from jsonata import Jsonata
from moto.server import main
from moto.stepfunctions.parser.asl.jsonata import jsonata as interpreter
from moto.stepfunctions.parser.asl.parse.preprocessor import Preprocessor

prepare = Preprocessor.__init__


def prepare_with_own_stack(preprocessor):
    prepare(preprocessor)
    preprocessor._query_language_per_scope = []


Preprocessor.__init__ = prepare_with_own_stack
interpreter._eval_jsonata = lambda expression: Jsonata(expression).evaluate(None)
main(sys.argv[1:])
