// Package schedule says when a workflow runs. It is pure: a schedule and a moment go in, moments come out. It knows no
// clock and no calendar of its own; days off are told to it by a function.
//
// How a run finds its moment, in this order:
//
//  1. The cron expression names days and times of day, as a clock on the wall of the schedule's zone shows them.
//  2. A day off keeps its runs, loses them, or gives them to the working day before or after it. A working day that
//     has runs of its own, or gets them from several days, has each of them once.
//  3. A wall time becomes the first moment at which that clock shows it or a later time. So where clocks go forward,
//     everything from the time that is left out runs once, at the moment of the change; where they go back, what lies in
//     the time that comes twice runs in its first pass alone. This holds for any change, half hours and whole days included.
//  4. Spread puts each tenant at its own place in a window that begins there, always the same; jitter adds a little that
//     differs from run to run and never reaches the next run.
//  5. What would start within a pause does not, and is not caught up.
//
// The parser is the package's own: the usual ones leave out the skipped hour or refuse Sunday as 7.
package schedule
