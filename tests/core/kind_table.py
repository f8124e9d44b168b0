"""The kinds as the documentation has them, for the tests to judge by."""

# Official REST documentation, "bizproc.workflow.start": DOCUMENT_ID, the template's document type; then how
# CRM bindings name the kind.
TABLE = [
    ("lead", "crm", "CCrmDocumentLead", "LEAD_777", "LEAD", "L"),
    ("deal", "crm", "CCrmDocumentDeal", "DEAL_777", "DEAL", "D"),
    ("contact", "crm", "CCrmDocumentContact", "CONTACT_777", "CONTACT", "C"),
    ("company", "crm", "CCrmDocumentCompany", "COMPANY_777", "COMPANY", "CO"),
    ("quote", "crm", r"Bitrix\Crm\Integration\BizProc\Document\Quote", "QUOTE_777", "QUOTE", "Q"),
    (
        "smart-invoice",
        "crm",
        r"Bitrix\Crm\Integration\BizProc\Document\SmartInvoice",
        "SMART_INVOICE_777",
        "SMART_INVOICE",
        "SI",
    ),
    (
        "dynamic:147",
        "crm",
        r"Bitrix\Crm\Integration\BizProc\Document\Dynamic",
        "DYNAMIC_147_777",
        "DYNAMIC_147",
        "T93",
    ),
    ("drive-file", "disk", r"Bitrix\Disk\BizProcDocument", "777", "STORAGE_", ""),
    ("feed-process", "lists", "BizprocDocument", "777", "iblock_", ""),
    ("list-element", "lists", r"Bitrix\Lists\BizprocDocumentLists", "777", "iblock_", ""),
]
CRM = [row for row in TABLE if row[1] == "crm"]
NAMES = [row[0] for row in TABLE]
