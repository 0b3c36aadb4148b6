#ifndef ONELOOP_SERVER_STORE_SQLITE_POINTS_VIEW_H_
#define ONELOOP_SERVER_STORE_SQLITE_POINTS_VIEW_H_

#include <string>

namespace oneloop {

// A script that makes the view `points`, which gives people every point of the tables point_rows and point_packs, and
// the tables of constants that it needs.
std::string CreatePointsView();

}  // namespace oneloop

#endif  // ONELOOP_SERVER_STORE_SQLITE_POINTS_VIEW_H_
