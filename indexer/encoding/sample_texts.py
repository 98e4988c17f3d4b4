"""Texts on which an export is compared with its original: short and long, English and German, codes and paths."""

from __future__ import annotations

SAMPLE_TEXTS = (
    "",
    "VPN drops after ten minutes",
    "Outlook keeps asking for the password",
    "0x80070005 access denied",
    "ORA-12154: TNS:could not resolve the connect identifier specified",
    "java.lang.OutOfMemoryError: Java heap space",
    "Drucker druckt nur leere Seiten",
    "Kennwort abgelaufen, Anmeldung nicht möglich",
    "WLAN im Besprechungsraum bricht ständig ab",
    "how do i map a network drive",
    "disk full on /var/log",
    "ERR_CONNECTION_RESET",
    "The shared mailbox no longer shows up in Outlook since the account was moved. Restarting and a new profile "
    "made no difference; in the web client the mailbox is there. Automapping was lost with the move: remove the "
    "full access permission, wait for an hour, grant it again with automapping switched on.",
    "After the certificate of the gateway was renewed, older clients refuse to connect with error 798. They still "
    "trust the former issuer only. Import the new intermediate certificate into the computer store, restart the "
    "service and connect again. Clients that the device management reaches get the certificate within a day.",
    "Seit dem Update am Montag startet die Warenwirtschaft auf den Terminalservern sehr langsam. Der Virenscanner "
    "prüft bei jedem Start sämtliche Bibliotheken auf dem Netzlaufwerk. Eine Ausnahme für den Programmpfad behebt "
    "das Problem, bis der Hersteller die Dateien signiert ausliefert.",
    "Symptom: Beim Versand großer Anhänge erscheint die Meldung, die Nachricht sei zu groß. Ursache: Das Limit am "
    "Mailgateway liegt bei 20 MB, das Postfach erlaubt 35 MB. Lösung: Grenzwerte angleichen oder die Datei über "
    "die Dateifreigabe teilen.",
    "Impact: about four hundred users in two offices could not print for three hours. Detection: calls to the "
    "service desk, no alert fired. Root cause: the print server ran out of space on drive C because spool files of "
    "a stuck job grew without limit. Resolution: stop the spooler, delete C:\\Windows\\System32\\spool\\PRINTERS\\*, "
    "start it again. Follow-up: move the spool directory to its own volume and alert at 80 percent.",
    'Traceback (most recent call last): File "/srv/app/worker.py", line 214, in fetch; '
    "requests.exceptions.SSLError: HTTPSConnectionPool(host='intranet.example', port=443): Max retries exceeded "
    "with url: /api/v2/items (Caused by SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] "
    "certificate verify failed: unable to get local issuer certificate')))",
    'kubectl get pods shows CrashLoopBackOff for the ingress controller; the log ends with "bind: address already in '
    'use". Two controllers share the host network on the same node. Give each its own node selector, or move one to '
    "a different port.",
    "Replication between the two database servers stopped with a conflict on the primary key of the orders table. "
    "The second server had accepted writes during the network split. Decide which side is right, export the rows of "
    "the other, skip the conflicting transactions, resume the replication, and compare row counts before users "
    "return. Never skip transactions before the rows are exported: what is skipped cannot be read back. Afterwards "
    "set the second server to read only, so that a split cannot lead to two truths again, and add the check to the "
    "weekly list of the operators, who otherwise never look at the state of the replication.",
)
