// Package forecast says how much will sell: pure functions from sales and a calendar to daily forecasts with honest
// intervals. It reads no files, no clock and no global randomness; the same input gives the same answer, bit for bit.
//
// # How a forecast comes about
//
// A few well-understood models follow the history of a series day by day, so that it is known what each of them would
// have forecast on every past day:
//
//   - smoothing: exponential smoothing with level, damped trend and weekday profile, many settings weighted by AICc
//   - regression: ridge regression on weekday, trend, time of the year and school holidays
//   - theta: level and half the drift of the seasonally adjusted series
//   - profile: recency-weighted mean of the same weekday
//   - intermittent: chance and size of a sale, for what sells now and then
//
// Special days (holidays, days before them, the days around Christmas, named occasions) are kept out of these models and
// put on top: what the same occasion did in other years, shrunk towards what such days do. The models are mixed by their
// rolling-origin errors, shrunk towards equal weights ([Fit]). For many series together ([Pool]) one model of boosted
// trees across all of them corrects what the mixture gets wrong in common: seasons, school holidays, what the outlet or
// the chain did last week. Intervals come from past errors (conformal), scaled by horizon and kind of day.
//
// Closed days are forecast as zero and never learnt from. Days without a value are gaps and are skipped. Returns that
// make a day negative count as no sales. A day that was sold out tells only that demand was at least that much.
package forecast
