# Serves moto with an evaluator of JSONata: its interpreter has a place for one and nothing in it.
import sys

from jsonata import Jsonata
from moto.server import main
from moto.stepfunctions.parser.asl.jsonata import jsonata as interpreter

interpreter._eval_jsonata = lambda expression: Jsonata(expression).evaluate(None)
main(sys.argv[1:])
