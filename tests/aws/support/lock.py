# ministack leaves out of a template what a bucket locks, so the bucket is told here what the template says. It does see that
# nothing has TLS on this machine, which the policy of the bucket refuses, so that is taken away.
# Arguments: the bucket, the mode and the days.
import sys

import boto3

bucket, mode, days = sys.argv[1:]
s3 = boto3.client("s3")
s3.delete_bucket_policy(Bucket=bucket)
retention = {"Mode": mode, "Days": int(days)}
configuration = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": retention}}
s3.put_object_lock_configuration(Bucket=bucket, ObjectLockConfiguration=configuration)
