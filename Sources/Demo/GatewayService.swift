import Foundation
import Hummingbird

/// The way in: passes every request on to the service that knows the answer.
struct GatewayService {
    let service: ShopService

    func routes(_ router: Router<BasicRequestContext>) {
        service.serve(router, .get, "/") { _ in
            try await service.call(ShopService.catalogue, "/featured", as: [CatalogueService.Product].self)
        }
        service.serve(router, .get, "/products") { _ in
            try await service.call(ShopService.catalogue, "/products", as: [CatalogueService.Product].self)
        }
        service.serve(router, .get, "/products/{id}") { incoming in
            try await service.call(
                ShopService.catalogue, "/products/{id}", id: try incoming.integer("id"), as: CatalogueService.Product.self)
        }
        service.serve(router, .post, "/orders") { incoming in
            try await service.call(
                ShopService.orders, "/orders", method: "POST", body: incoming.body, as: OrdersService.Receipt.self)
        }
        service.serve(router, .get, "/orders/{id}") { incoming in
            try await service.call(
                ShopService.orders, "/orders/{id}", id: try incoming.integer("id"), as: OrdersService.Receipt.self)
        }
        service.serve(router, .post, "/login") { incoming in
            try await service.call(ShopService.users, "/sessions", method: "POST", body: incoming.body, as: Int64.self)
        }
    }
}
