"""The words by which calls, meetings, notes and tasks go, gathered from CRMs and from what their users call them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from mapping.rules import Kind

VENDORS = frozenset(
    "salesforce sfdc sf hubspot hs crm aircall gong outreach salesloft calendly zoom pipedrive intercom dialpad "
    "ringcentral twilio chilipiper google outlook close apollo zendesk zoho dynamics freshsales copper attio".split()
)
"""Names of products in front of what happened there."""

_QUALIFIERS = (
    "phone|sales|discovery|demo|inbound|outbound|incoming|outgoing|support|intro|introductory|cold|warm|customer|client|"
    "video|conference|qualification|onboarding|kickoff|kick off|check in|follow up|internal|account|contact|lead|deal|"
    "activity|engagement|new|manual|strategy|review|renewal|success|csm|rep|in person|team|call|meeting"
)
_PATTERNS: Mapping[Kind, tuple[str, str]] = {
    Kind.CALL: (
        "calls?|phonecalls?|voicemails?",
        (
            "logged|made|completed|complete|ended|connected|answered|missed|received|placed|scheduled|booked|recorded|"
            "started|finished|held|attempted|no answer|left|created|summary|summarized|activity|tracked|done|dialed|"
            "hung up"
        ),
    ),
    Kind.MEETING: (
        "meetings?|appointments?|demos?|consultations?|invitees?",
        (
            "booked|scheduled|held|completed|attended|cancell?ed|rescheduled|no show|no showed|logged|confirmed|ended|"
            "created|started|finished|set|took place|missed|accepted|declined|updated"
        ),
    ),
    Kind.NOTE: ("notes?", "added|created|logged|updated|left|written|saved|posted|taken|edited"),
    Kind.TASK: (
        "tasks?|to dos?|todos?|follow ups?|reminders?",
        (
            "created|completed|complete|assigned|updated|due|overdue|closed|done|opened|reopened|logged|finished|added|"
            "marked complete|marked done|set|rescheduled"
        ),
    ),
}
STRONG: Mapping[Kind, re.Pattern[str]] = {
    kind: re.compile(rf"^(?:(?:{verbs}) )?(?:(?:{_QUALIFIERS}) )*(?:{nouns})(?: (?:was |has been |is )?(?:{verbs}))*$")
    for kind, (nouns, verbs) in _PATTERNS.items()
}
ORDER = (Kind.NOTE, Kind.TASK, Kind.CALL, Kind.MEETING)
"""`meeting note added` is a note, `call task created` a task: what is asked first wins."""

PRODUCT_DEMO = re.compile(r"^demos? (?:started|created|ended|finished|updated|set|missed|accepted|declined)$|^demos?$")
"""Words that a demo of a product in the browser shares with one that is held."""

NEVER = re.compile(
    r"\b(api|cta|recall|callback|call to action|zoom in|zoom out|webhook|function|quiz|survey|release)\b"
)
"""Events of a product that only sound like an engagement."""

GENERIC = re.compile(
    r"^(?:(?:sales|crm|customer|new) )*(?:activity|activities|engagements?|interactions?|touch ?points?|timeline event|"
    r"tasks?|records?|history|log entry|contact activity)"
    r"(?: (?:logged|created|added|recorded|updated|completed|tracked|synced))*$"
)

SAID: Mapping[Kind, frozenset[str]] = {
    Kind.CALL: frozenset("call calls phonecall phone callactivity logacall callslogged".split()),
    Kind.MEETING: frozenset("meeting meetings appointment event calendarevent demo".split()),
    Kind.NOTE: frozenset("note notes comment".split()),
    Kind.TASK: frozenset("task tasks todo followup reminder".split()),
    Kind.EMAIL: frozenset("email emails incomingemail forwardedemail loggedemail listemail".split()),
}
"""Values of a discriminating property, squeezed, by what they mean."""

TYPICAL: Mapping[Kind, frozenset[str]] = {
    Kind.CALL: frozenset(
        "duration durationseconds durationsec durationsecs durationms durationmins durationminutes callduration "
        "calldurationinseconds talktime direction disposition calldisposition outcome calloutcome callresult calltype "
        "fromnumber tonumber phonenumber recordingurl recording recordinglink voicemailurl hscalltitle hscallbody "
        "hscallduration hscalldirection hscalldisposition hscallstatus hscallrecordingurl callid callsid".split()
    ),
    Kind.MEETING: frozenset(
        "starttime start startsat startat startdate startdatetime endtime end endsat endat enddatetime location "
        "attendees participants invitees guests meetingurl joinurl outcome hsmeetingtitle hsmeetingbody "
        "hsmeetingstarttime hsmeetingendtime hsmeetinglocation hsmeetingoutcome meetingtype eventtype scheduledat "
        "scheduledfor organizer organiser host meetingid meetinglink calendarlink inviteeemail".split()
    ),
    Kind.NOTE: frozenset("body content text note notes hsnotebody notebody author message comment".split()),
    Kind.TASK: frozenset(
        "duedate due dueat deadline priority completedat hstasksubject hstaskbody hstaskstatus hstaskpriority "
        "hstasktype activitydate isclosed iscompleted assignee assignedto assigneeemail taskstatus tasktype".split()
    ),
}
ANY = frozenset(
    "id engagementid activityid subject title name body description notes owner ownerid owneremail assignedto "
    "useremail timestamp occurredat hstimestamp status rep agent".split()
)
OWN_PRODUCT: Mapping[Kind, frozenset[str]] = {
    Kind.TASK: frozenset(
        "projectid project boardid board workspaceid workspace sprint sprintid listid columnid".split()
    ),
    Kind.NOTE: frozenset("notebookid notebook folderid documentid docid pageid workspaceid blockcount".split()),
    Kind.CALL: frozenset("endpoint statuscode httpstatus method url".split()),
    Kind.MEETING: frozenset("roomid sessiontoken".split()),
}
"""Properties of the customer's own product: a task on a board there is not a task of a salesperson."""

PARTS: Mapping[str, str] = {
    "title": "title subject hscalltitle hsmeetingtitle hstasksubject summary name callname meetingname taskname topic",
    "body": "body description notes note content text hsnotebody hscallbody hsmeetingbody hstaskbody notebody comments "
    "comment details message agenda callnotes",
    "start": "starttime start startsat startat startdatetime startdate hsmeetingstarttime scheduledat scheduledfor "
    "meetingtime appointmenttime meetingdate",
    "end": "endtime end endsat endat enddatetime enddate hsmeetingendtime",
    "duration": "duration durationseconds durationsec durationsecs durationms durationminutes durationmins "
    "callduration hscallduration calldurationinseconds talktime",
    "disposition": "disposition calldisposition hscalldisposition outcome calloutcome callresult result "
    "hsmeetingoutcome meetingoutcome",
    "location": "location place venue hsmeetinglocation meetingurl joinurl meetinglink conferenceurl room address",
    "attendees": "attendees participants invitees guests attendeeemails",
    "due": "duedate due dueat deadline activitydate",
    "status": "status state hstaskstatus taskstatus iscompleted completed isclosed done hscallstatus",
    "assignee": "assignee assigneeemail assignedto assignedtoemail owner owneremail useremail rep repemail agent "
    "agentemail salesrep hubspotownerid ownerid",
    "author": "authoremail createdbyemail author createdby loggedby useremail owner owneremail agent agentemail rep "
    "repemail user",
    "author_name": "authorname author createdbyname createdby username",
    "recording": "recordingurl recording recordinglink hscallrecordingurl voicemailurl callrecording",
    "attachments": "attachments attachment files fileurl fileurls attachmenturl attachmenturls hsattachmentids "
    "document documents",
}
"""Part → squeezed names of properties that play it, the likeliest first."""
