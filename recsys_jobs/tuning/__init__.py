"""Tuning: a study of each algorithm looks for better settings on earlier nights, and says what that gained on another.

What belongs here: which nights a study may see, one trial of settings, the study, and what is written of it. A study of
night N sees what N sees. Nights on the time axis, with a horizon of h days::

    N-3h        N-2h        N-h         N
    |-- trial --|-- trial --|-- held out|   nights after N use what was learned
    each trial fits on what was visible at the left end, and is graded on what was taken up to the right one
"""
