from .agreement import agreement_report as agreement_report
from .label_review import review_report as review_report
from .report import Report as Report
