# Serves ministack with the throttling of Lambda and the keys of DynamoDB's items as AWS documents them. By itself it says
# `Lambda.Unknown` where AWS says `Lambda.TooManyRequestsException`, goes on waiting for the token of a task whose function
# was never invoked, lets every function have what one of them has reserved, and has all that were refused at one moment try
# again at one moment, since it knows neither `JitterStrategy` nor `MaxDelaySeconds`. Of the partition keys that a call names
# it knows nothing, so that no policy which goes by them would allow or refuse anything.
# https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
import json
import random
import threading

from ministack import app
from ministack.core import iam_actions
from ministack.services import lambda_svc, stepfunctions

ERROR = "Lambda.TooManyRequestsException"

throttled = lambda_svc._throttle_response
acquire = lambda_svc._acquire_execution_slot
call_function = stepfunctions._call_lambda
wait_for_token = stepfunctions._invoke_with_callback
find_retrier = stepfunctions._find_matching_retrier
context_of_dynamodb = iam_actions.dynamodb_service_context

acquiring = threading.Lock()
this_thread = threading.local()


def throttled_by_name(*arguments, **named):
    answer = throttled(*arguments, **named)
    answer["body"].update(errorType=ERROR, errorMessage="Rate Exceeded.")
    return answer


def acquire_what_is_not_reserved(function, config):
    reserved = {}
    for name in list(lambda_svc._functions.keys()):
        if (concurrency := lambda_svc._functions[name].get("concurrency")) is not None:
            reserved[name] = int(concurrency)
    with acquiring:
        in_flight = lambda_svc.executions_in_flight()[1].items()
        others = sum(count for key, count in in_flight if key.rsplit(":", 1)[1] not in reserved)
        is_other = config.get("FunctionName") not in reserved
        if is_other and others >= lambda_svc._ACCOUNT_CONCURRENCY_CAP - sum(reserved.values()):
            return None, "account"
        return acquire(function, config)


def wait_for_token_of_what_was_invoked(resource, arguments, token, state):
    this_thread.token = token
    try:
        return wait_for_token(resource, arguments, token, state)
    finally:
        this_thread.token = None


def call_function_or_fail_the_task(function, event):
    try:
        return call_function(function, event)
    except stepfunctions._ExecutionError as error:
        task = stepfunctions._task_tokens.get(getattr(this_thread, "token", None))
        if task and error.error == ERROR:
            task["error"] = {"Error": error.error, "Cause": error.cause}
            task["event"].set()
        raise


def find_retrier_with_its_delay(retriers, error, counts):
    retrier, index = find_retrier(retriers, error, counts)
    if retrier is None:
        return retrier, index
    delay = retrier.get("IntervalSeconds", 1) * retrier.get("BackoffRate", 2.0) ** counts.get(index, 0)
    delay = min(delay, retrier.get("MaxDelaySeconds", delay))
    if retrier.get("JitterStrategy") == "FULL":
        delay = random.uniform(0, delay)
    return {**retrier, "IntervalSeconds": delay, "BackoffRate": 1}, index


def context_of_dynamodb_with_leading_keys(body):
    asked = json.loads(body or b"{}")
    keys = [asked.get("Key"), asked.get("Item")]
    for table in (asked.get("RequestItems") or {}).values():
        keys += table.get("Keys", []) if isinstance(table, dict) else []
    for item in asked.get("TransactItems") or []:
        keys += [part for action in item.values() for part in (action.get("Key"), action.get("Item"))]
    leading = [key["id"]["S"] for key in keys if key and "S" in key.get("id", {})]
    # A query names the value of its partition key first, as `id = :id`.
    if condition := asked.get("KeyConditionExpression"):
        value = condition.split(" AND ")[0].split("=")[1].strip()
        leading += asked["ExpressionAttributeValues"][value].values()
    return {**context_of_dynamodb(body), **({"dynamodb:LeadingKeys": leading} if leading else {})}


iam_actions.dynamodb_service_context = context_of_dynamodb_with_leading_keys
lambda_svc._throttle_response = throttled_by_name
lambda_svc._acquire_execution_slot = acquire_what_is_not_reserved
stepfunctions._invoke_with_callback = wait_for_token_of_what_was_invoked
stepfunctions._find_matching_retrier = find_retrier_with_its_delay
stepfunctions._call_lambda = call_function_or_fail_the_task
app.main()
